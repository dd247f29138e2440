"""All projects of the workspace: open one, make, copy, rename, archive or delete one."""

from rsf_core.web import project_list

project_list.draw()
