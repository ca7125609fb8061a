"""Settings of models: small specs over the features. Which inputs a model takes is configuration."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shelver.config.section import Section

Size = Annotated[int, Field(ge=1)]


class Optimised(Section):
    """How weights are found."""

    optimizer: Literal["adam", "adamw"] = Field("adam", description="adamw also shrinks weights by `weight_decay`.")
    learning_rate: float = Field(0.002, gt=0, description="First step size; it falls to zero over the epochs.")
    l2: float = Field(0.03, ge=0, description="Strength of the pull of the weights towards zero, in labels.")
    weight_decay: float = Field(0.01, ge=0, description="Share by which adamw shrinks weights, times the step size.")
    clip: float = Field(0.0, ge=0, description="Greatest length of a gradient, longer ones are shortened; 0: any.")


class NetSettings(Optimised):
    """What all models that are trained by gradient have in common."""

    inputs: tuple[str, ...] = Field((), description="Features used; empty: all that this kind of model can take.")
    prior: bool = Field(True, description="Start from the words of the tree and the rules instead of from nothing.")


WORDS_RATE = Field(
    2.0, gt=0, description="Weights of words and values take steps so many times as long, as each is in few products."
)
WIDE_RATE = Field(15.0, gt=0, description="The linear part takes steps so many times as long as the deep one.")


class Linear(NetSettings):
    """Logistic regression over all inputs: bags of words, one-hot values, numbers and vectors."""

    kind: Literal["linear"] = "linear"
    learning_rate: float = Field(0.03, gt=0, description="First step size; it falls to zero over the epochs.")
    words_rate: float = WORDS_RATE


class Deep(NetSettings):
    """Hidden layers that all objectives share."""

    hidden: tuple[Size, ...] = Field((256, 128), description="Sizes of the hidden layers; empty: a shallow model.")
    dropout: float = Field(0.3, ge=0, lt=1, description="Share of hidden units silenced in training.")
    norm: Literal["none", "batch", "layer"] = Field("none", description="Normalisation in every hidden layer.")


class MLP(Deep):
    """Hidden layers over all inputs."""

    kind: Literal["mlp"] = "mlp"
    words: Literal["embedding", "histogram"] = Field(
        "embedding", description="Words and values as averaged embeddings, or as the counts themselves (one-hot)."
    )
    learning_rate: float = Field(0.01, gt=0, description="First step size; it falls to zero over the epochs.")


class WideDeep(Deep):
    """Wide & deep (Cheng et al. 2016, arXiv:1606.07792): a linear part and a network, trained together."""

    kind: Literal["wide_deep"] = "wide_deep"
    wide_rate: float = WIDE_RATE
    words_rate: float = WORDS_RATE


class CNN1D(Deep):
    """Convolutions over the words of sequence features, maximum over time (Kim 2014, arXiv:1408.5882)."""

    kind: Literal["cnn1d"] = "cnn1d"
    widths: tuple[Size, ...] = Field((2, 3, 4), min_length=1, description="Words that a filter sees at once.")
    filters: int = Field(128, ge=1, description="Filters of each width.")
    hidden: tuple[Size, ...] = Field((), description="Sizes of the hidden layers after the convolutions.")


class RNN(Deep):
    """A recurrent net over the words of sequence features; the last states of both directions."""

    kind: Literal["rnn"] = "rnn"
    learning_rate: float = Field(0.005, gt=0, description="First step size; it falls to zero over the epochs.")
    cell: Literal["gru", "lstm"] = Field("gru", description="GRU (Cho et al. 2014) or LSTM (Hochreiter 1997).")
    units: int = Field(128, ge=1, description="Size of the state in each direction.")
    both_directions: bool = Field(True, description="Also read from the end to the beginning.")
    hidden: tuple[Size, ...] = Field((), description="Sizes of the hidden layers after the last states.")


class TextVector(Deep):
    """Pretrained text vectors alone; logistic regression over them if there is no hidden layer."""

    kind: Literal["text_vector"] = "text_vector"
    hidden: tuple[Size, ...] = Field((), description="Sizes of the hidden layers.")
    learning_rate: float = Field(0.03, gt=0, description="First step size; it falls to zero over the epochs.")


class Image(Deep):
    """Vectors of product pictures alone; logistic regression over them if there is no hidden layer."""

    kind: Literal["image"] = "image"
    hidden: tuple[Size, ...] = Field((), description="Sizes of the hidden layers.")
    learning_rate: float = Field(0.03, gt=0, description="First step size; it falls to zero over the epochs.")


class Joint(Deep):
    """Every input at once, trained together: a linear part, embeddings, convolutions over sequences, vectors."""

    kind: Literal["joint"] = "joint"
    wide_rate: float = WIDE_RATE
    words_rate: float = WORDS_RATE
    widths: tuple[Size, ...] = Field((2, 3, 4), min_length=1, description="Words that a filter sees at once.")
    filters: int = Field(64, ge=1, description="Filters of each width.")


class Combined(Optimised):
    """Several models made into one."""

    kind: Literal["combined"] = "combined"
    members: tuple[str, ...] = Field(min_length=2, description="Names of other models.")
    how: Literal["average", "vote", "stack", "network"] = Field(
        "average",
        description="average: weights found on validation folds; vote: most first answers; stack: logistic regression "
        "over their answers; network: a net over their embeddings, which compresses them.",
    )
    dims: int = Field(128, ge=1, description="Size of the compound embedding of how = network.")
    dropout: float = Field(0.3, ge=0, lt=1, description="Share of it silenced in training, for how = network.")

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the models it is made of."""
        return self.members


class Bagged(Section):
    """One model trained several times on bootstrap samples of the labels, averaged (Breiman 1996)."""

    kind: Literal["bagged"] = "bagged"
    member: str = Field(description="Name of another model.")
    bags: int = Field(5, ge=2, description="Number of samples.")

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the models it is made of."""
        return (self.member,)


NetSpec = Linear | MLP | WideDeep | CNN1D | RNN | TextVector | Image | Joint
Model = Annotated[NetSpec | Combined | Bagged, Field(discriminator="kind")]


def default_models() -> dict[str, Model]:
    """One of each kind that needs nothing but the default features."""
    return {"linear": Linear(), "mlp": MLP(), "wide_deep": WideDeep(), "text_vector": TextVector()}
