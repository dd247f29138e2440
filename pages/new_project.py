"""New project, step by step. The project exists only after the last step, and then opens on its Overview."""

from rsf_core.web import new_project

new_project.draw()
