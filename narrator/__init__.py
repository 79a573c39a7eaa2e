"""Turns a manuscript project into a finished audiobook."""

import os

# Dot products here are short: OpenBLAS's threads would only spin. Read when numpy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from narrator.errors import NarratorError, ProjectError, ProjectErrors
from narrator.production import check, produce
from narrator.progress import Progress
from narrator.project import Project, open_project
from narrator.results import Check, Production
from narrator.scaffold import new_project

__all__ = [
    "Check",
    "NarratorError",
    "Production",
    "Progress",
    "Project",
    "ProjectError",
    "ProjectErrors",
    "check",
    "new_project",
    "open_project",
    "produce",
]
