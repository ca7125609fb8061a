"""Files that a simulation leaves: figures as JSON, a picture for each data set, and one page."""

from __future__ import annotations

from collections.abc import Sequence

from shelver.experiments.simulation import Simulation
from shelver.experiments.simulation_page import page
from shelver.experiments.simulation_plot import png
from shelver.experiments.simulation_results import document
from shelver.files import Files

JSON, PAGE = "simulation.json", "simulation.html"


def write_results(found: Sequence[Simulation], folder: str) -> list[str]:
    """Write all files into a folder.

    Returns
    -------
    list of str
        Their paths: the page, a picture for each data set, the figures.
    """
    files = Files(folder)
    names = [PAGE, *(f"{each.name}.png" for each in found), JSON]
    files.write(PAGE, page(found))
    for each in found:
        files.write(f"{each.name}.png", png(each))
    files.write_json(JSON, document(found))
    return [files.path(name) for name in names]
