"""The pages of a new project, a module for each step; `steps` shows them."""
