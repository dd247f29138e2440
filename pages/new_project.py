"""New project: reachable without an open project. What is made is opened on its Overview."""

from rsf_core.web import new_project

new_project.draw()
