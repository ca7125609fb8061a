"""The one configuration file, ``shelver.toml``: every setting, its default and its limits, in one typed place."""

from shelver.config.features import (
    IMAGE,
    RESERVED,
    Categorical,
    Feature,
    Number,
    Sequence,
    Text,
    Vector,
    check_feature,
    default_features,
)
from shelver.config.general import Categories, Control, Engine, Feed, Images, Predict, Rules, Split
from shelver.config.labelling import Labelling, StrategyName
from shelver.config.models import (
    CNN1D,
    MLP,
    RNN,
    Bagged,
    Combined,
    Deep,
    Image,
    Joint,
    Linear,
    Model,
    NetSettings,
    NetSpec,
    TextVector,
    WideDeep,
    default_models,
)
from shelver.config.objectives import (
    BUILT_IN,
    AnyObjective,
    Binary,
    Buckets,
    Column,
    Exclusive,
    FromColumn,
    MultiClass,
    MultiLabel,
    Objective,
    OneOf,
    RuleBased,
    SomeOf,
    kind_of,
)
from shelver.config.root import NAME, Config, load_config
from shelver.config.section import FIELDS, JOINED, TEXT_FIELDS, Section
from shelver.config.training import Training
from shelver.config.tune import Range, Tune

__all__ = [
    "BUILT_IN", "CNN1D", "FIELDS", "IMAGE", "JOINED", "MLP", "NAME", "RESERVED", "RNN", "TEXT_FIELDS",
    "AnyObjective", "Bagged", "Binary", "Buckets", "Categorical", "Categories", "Column", "Combined", "Config",
    "Control", "Deep", "Engine", "Exclusive", "Feature", "Feed", "FromColumn", "Image", "Images", "Joint",
    "Labelling", "Linear", "Model", "MultiClass", "MultiLabel", "NetSettings", "NetSpec", "Number", "Objective",
    "OneOf", "Predict", "Range", "RuleBased", "Rules", "Section", "Sequence", "SomeOf", "Split", "StrategyName",
    "Text", "TextVector", "Training", "Tune", "Vector", "WideDeep", "check_feature", "default_features",
    "default_models", "kind_of", "load_config",
]  # fmt: skip
