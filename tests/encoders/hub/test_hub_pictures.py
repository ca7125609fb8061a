import json

import numpy as np
import pytest
from hub_models import CLIP_PICTURES, picture_file
from PIL import Image

from shelver.encoders.hub.pictures import Preparation, prepare_picture, read_preparation
from shelver.encoders.hub.source import Source
from shelver.errors import ShelverError

VIT = {
    "image_processor_type": "ViTImageProcessor",
    "do_resize": True,
    "size": {"height": 20, "width": 30},
    "resample": 2,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.4, 0.3],
}
CONVNEXT = {**VIT, "image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 28}, "crop_pct": 0.875}
PROCESSORS = {
    "CLIPImageProcessorPil": CLIP_PICTURES,
    "ViTImageProcessorPil": VIT,
    "SiglipImageProcessorPil": {**VIT, "image_processor_type": "SiglipImageProcessor", "do_normalize": False},
    "BitImageProcessorPil": {
        **CLIP_PICTURES,
        "image_processor_type": "BitImageProcessor",
        "size": {"shortest_edge": 40},
    },
    "ConvNextImageProcessorPil": CONVNEXT,
}


def preparation(settings, folder, name="preprocessor_config.json"):
    (folder / name).write_text(json.dumps(settings))
    return read_preparation(Source("./m", folder))


@pytest.mark.parametrize("kind", PROCESSORS)
@pytest.mark.parametrize("size", [(50, 70), (80, 33), (32, 32), (9, 200), (45, 45)])
def test_pixels_are_those_of_transformers(transformers, kind, size, tmp_path):
    settings = PROCESSORS[kind]
    content = picture_file(*size)
    found = prepare_picture(content, preparation(settings, tmp_path))
    processor = getattr(transformers, kind)(**{k: v for k, v in settings.items() if k != "image_processor_type"})
    import io

    expected = processor(Image.open(io.BytesIO(content)).convert("RGB"), return_tensors="np")["pixel_values"][0]
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_older_forms_of_the_settings(tmp_path):
    old = {"size": 36, "crop_size": 32, "do_center_crop": True, "image_mean": [0, 0, 0], "image_std": [1, 1, 1]}
    made = preparation(old, tmp_path)
    assert (made.shortest, made.crop, made.shape) == (36, (32, 32), (3, 32, 32))
    assert preparation({**old, "do_center_crop": False}, tmp_path).shape == (3, 36, 36)
    (tmp_path / "preprocessor_config.json").unlink()
    newer = preparation({"image_processor": VIT, "processor_class": "x"}, tmp_path, "processor_config.json")
    assert newer.shape == (3, 20, 30)


def test_a_model_that_says_nothing_about_pictures_or_takes_any_size(tmp_path):
    with pytest.raises(ShelverError, match="does not say how it wants pictures"):
        read_preparation(Source("./m", tmp_path))
    with pytest.raises(ShelverError, match="any size"):
        preparation({**VIT, "size": {"shortest_edge": 40}}, tmp_path)


def test_a_small_picture_that_is_not_resized_gets_a_rim():
    made = Preparation(crop=(8, 6))
    pixels = prepare_picture(picture_file(4, 5), made)
    assert pixels.shape == (3, 8, 6)
    assert not pixels[:, [0, 1, -1]].any()
    assert not pixels[:, :, [0, -1]].any()
    assert pixels[:, 2:7, 1:5].all(axis=0).mean() > 0.9


@pytest.mark.parametrize("content", [None, b"", b"no picture", picture_file(40, 40)[:200], b"\x89PNG\r\n\x1a\n"])
def test_what_cannot_be_read_is_no_picture(content):
    assert prepare_picture(content, Preparation(height=8, width=8)) is None


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1", "I;16"])
def test_any_mode_is_read(mode):
    import io

    file = io.BytesIO()
    picture = Image.fromarray(np.full((10, 12), 200, np.uint16)) if mode == "I;16" else Image.new(mode, (12, 10))
    picture.save(file, "JPEG" if mode == "CMYK" else "PNG")
    assert prepare_picture(file.getvalue(), Preparation(height=8, width=9)).shape == (3, 8, 9)
