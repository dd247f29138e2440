"""New project, step by step: nothing is a project before the last step. What is made is opened on its Overview."""

from rsf_core.web import new_project

new_project.draw()
