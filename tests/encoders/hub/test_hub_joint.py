import numpy as np
import pytest
import torch
from hub_models import CLIP_PICTURES, SIZES, TEXTS, picture_file, write_json, write_tokenizer
from torch.nn.functional import normalize

from shelver.encoders.hub import open_model
from shelver.encoders.hub.pictures import Preparation, prepare_picture
from shelver.errors import ShelverError
from shelver.testing.encoders import check_encoder

PICTURES = [picture_file(50, 70, 1), picture_file(90, 40, 2, "JPEG"), picture_file(32, 32, 3)]


def pixels(settings=CLIP_PICTURES):
    from shelver.encoders.hub.pictures import _preparation

    return torch.tensor(np.array([prepare_picture(content, _preparation(settings)) for content in PICTURES]))


def test_clip_has_two_towers_in_one_space(clip, exports):
    folder, model, tokenizer = clip
    text = open_model(str(folder), "text", base="", exports=exports)
    image = open_model(str(folder), "image", base="", exports=exports)
    assert (text.dims, image.dims, image.modality) == (24, 24, "image")
    assert text.name != image.name
    rows = [tokenizer(t, truncation=True, max_length=16, return_tensors="pt")["input_ids"] for t in TEXTS]
    with torch.no_grad():
        expected = [model.get_text_features(input_ids=ids).pooler_output for ids in rows]
        np.testing.assert_allclose(text.encode(TEXTS), normalize(torch.cat(expected), dim=1), atol=1e-5)
        seen = model.get_image_features(pixel_values=pixels()).pooler_output
    np.testing.assert_allclose(image.encode(PICTURES), normalize(seen, dim=1), atol=1e-5)
    check_encoder(text, contents=20)
    check_encoder(image, contents=8)


def test_pictures_that_are_missing_give_zeros(clip, exports):
    image = open_model(str(clip[0]), "image", base="", exports=exports)
    found = image.encode([None, PICTURES[0], b"no picture", b""])
    assert found[[0, 2, 3]].any() == False  # noqa: E712 (an array's truth)
    assert np.linalg.norm(found[1]) == pytest.approx(1, abs=1e-5)


@pytest.mark.slow
def test_siglip_is_filled_up_as_it_was_trained(transformers, exports, tmp_path):
    tokenizer, words = write_tokenizer(transformers, tmp_path / "m", length=12)
    torch.manual_seed(3)
    config = transformers.SiglipConfig(
        text_config={"vocab_size": words, "max_position_embeddings": 12, **SIZES},
        vision_config={"image_size": 32, "patch_size": 8, **SIZES},
    )
    model = transformers.SiglipModel(config).eval()
    model.save_pretrained(tmp_path / "m")
    encoder = open_model("./m", "text", base=str(tmp_path), exports=exports)
    ids = tokenizer(TEXTS, padding="max_length", truncation=True, max_length=12, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        expected = normalize(model.get_text_features(input_ids=ids).pooler_output, dim=1)
    np.testing.assert_allclose(encoder.encode(TEXTS), expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("pooled", [True, False])
def test_a_vision_model_gives_its_pooled_vector_or_the_class_token(transformers, exports, tmp_path, pooled):
    torch.manual_seed(4)
    config = transformers.ViTConfig(image_size=32, patch_size=8, **SIZES)
    if pooled:
        model = transformers.ViTModel(config).eval()
    else:
        whole = transformers.ViTForImageClassification(config).eval()
    (model if pooled else whole).save_pretrained(tmp_path / "m")
    write_json(tmp_path / "m" / "preprocessor_config.json", CLIP_PICTURES)
    encoder = open_model("./m", "image", base=str(tmp_path), exports=exports)
    with torch.no_grad():
        if pooled:
            expected = model(pixel_values=pixels()).pooler_output
        else:
            expected = whole.vit(pixel_values=pixels()).last_hidden_state[:, 0]
    np.testing.assert_allclose(encoder.encode(PICTURES), normalize(expected, dim=1), atol=1e-5)
    with pytest.raises(ShelverError, match="reads no text"):
        open_model("./m", "text", base=str(tmp_path), exports=exports)


def test_preparation_must_fit_the_network(clip, tmp_path):
    import shutil

    shutil.copytree(clip[0], tmp_path / "m")
    write_json(tmp_path / "m" / "preprocessor_config.json", {**CLIP_PICTURES, "crop_size": 24})
    with pytest.raises(ShelverError, match=r"cannot be exported|24"):
        open_model("./m", "image", base=str(tmp_path), exports=str(tmp_path / "e"))
    assert Preparation(height=4, width=5).shape == (3, 4, 5)
