"""All of ``shelver.toml``, and how it is read."""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field, model_validator

from shelver.config.features import Feature, check_feature, default_features
from shelver.config.general import Categories, Control, Engine, Feed, Images, Predict, Rules, Split
from shelver.config.labelling import Labelling
from shelver.config.models import Bagged, Combined, Model, default_models
from shelver.config.objectives import BUILT_IN, AnyObjective, with_built_in
from shelver.config.section import Section
from shelver.config.training import Training
from shelver.config.tune import Tune
from shelver.errors import ConfigError, nearest
from shelver.files import Files
from shelver.tomlfile import parse

NAME = "shelver.toml"


class Config(Section):
    """All of ``shelver.toml``."""

    feeds: tuple[Feed, ...] = ()
    images: Images = Images()
    categories: Categories = Categories()
    rules: Rules = Rules()
    control: Control = Control()
    engine: Engine = Engine()
    features: dict[str, Feature] = Field(default_factory=default_features)
    split: Split = Split()
    models: dict[str, Model] = Field(default_factory=default_models)
    objectives: dict[str, AnyObjective] = Field(default_factory=dict, validate_default=True)
    training: Training = Training()
    predict: Predict = Predict()
    labelling: Labelling = Labelling()
    tune: Tune = Tune()

    @model_validator(mode="before")
    @classmethod
    def _kinds_of_built_in(cls, values: Any) -> Any:
        """A block that changes the settings of a built-in objective need not say its kind."""
        objectives = values.get("objectives") if isinstance(values, dict) else None
        if not isinstance(objectives, dict):
            return values
        filled = {
            name: {"kind": name, **spec} if name in BUILT_IN and isinstance(spec, dict) else spec
            for name, spec in objectives.items()
        }
        return {**values, "objectives": filled}

    @model_validator(mode="after")
    def _names_exist(self) -> Config:
        names = [feed.name for feed in self.feeds]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"two feeds are called {sorted(twice)[0]!r}; every feed needs its own name")
        for name, spec in self.features.items():
            check_feature(name, spec)
        for name, model in self.models.items():
            self._check_model(name, model)
        object.__setattr__(self, "objectives", with_built_in(self.objectives))
        for objective in (*self.training.objectives, *self.training.shares):
            if objective not in self.objectives:
                raise ValueError(f'training uses the objective "{objective}"; {nearest(objective, self.objectives)}')
        if self.training.model not in self.models:
            raise ValueError(f'training.model = "{self.training.model}"; {nearest(self.training.model, self.models)}')
        asked = self.labelling.model or self.training.model
        if asked not in self.models:
            raise ValueError(f'labelling.model = "{asked}"; {nearest(asked, self.models)}')
        return self

    def _check_model(self, name: str, model: Model) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name) or name == "rules":
            raise ValueError(f'models.{name} cannot be a name; use letters, digits, _ . and -, but not "rules"')
        if isinstance(model, Combined | Bagged):
            for member in model.parts:
                if member not in self.models or member == name:
                    raise ValueError(f'models.{name} uses the model "{member}"; {nearest(member, self.models)}')
                if isinstance(self.models[member], Combined | Bagged):
                    raise ValueError(f'models.{name} uses "{member}", which is made of several models itself')
            return
        for feature in model.inputs:
            if feature not in self.features:
                raise ValueError(f'models.{name} uses "{feature}"; {nearest(feature, self.features)}')


def load_config(files: Files) -> Config:
    """Read and check ``shelver.toml``.

    Raises
    ------
    ConfigError
        No such file, or faults in it, with line numbers.
    """
    try:
        content = files.read(NAME)
    except FileNotFoundError:
        raise ConfigError(
            "no shelver.toml here", where=files.prefix, hint="make one with: shelver init (or name the folder with -w)"
        ) from None
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError("not UTF-8", where=f"{files.path(NAME)} line {line}", hint="save it as UTF-8") from None
    return parse(text, Config, files.path(NAME))
