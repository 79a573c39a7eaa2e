"""The project folder, read safely.

A project may come from anyone, so nothing in it makes narrator read or write outside its folder (see
`folder`): only plain files are read, up to a size; a role, a title or a heading is a label and never
becomes a path here.
"""

from narrator.project.choices import rewrite_choices
from narrator.project.guides import Guides, read_guides
from narrator.project.opening import Cover, Project, open_project
from narrator.project.sources import ManuscriptFile

__all__ = ["Cover", "Guides", "ManuscriptFile", "Project", "open_project", "read_guides", "rewrite_choices"]
