"""New project, step by step. The project exists only after the last step, and then opens on its Overview."""

from rsf_core.web.new_project import steps

steps.draw()
