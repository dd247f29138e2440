"""The pages, each with the name of its file (which is also its address), its title and its icon."""

from __future__ import annotations

# Pages of a project, in the order of a round.
PAGES = (
    ("overview", "Overview", ":material/route:"),
    ("prompts", "Prompts", ":material/format_list_bulleted:"),
    ("scorers", "Scorers", ":material/straighten:"),
    ("target", "Target", ":material/target:"),
    ("generate", "Generate", ":material/casino:"),
    ("acceptance", "Acceptance", ":material/tune:"),
    ("guide", "Guide", ":material/menu_book:"),
    ("review", "Review", ":material/rate_review:"),
    ("train", "Train", ":material/model_training:"),
    ("models", "Models", ":material/account_tree:"),
    ("export", "Export", ":material/ios_share:"),
)

# Pages of a workspace, which need no open project.
LIST, NEW = "projects", "new_project"
WORKSPACE_PAGES = (
    (LIST, "All projects", ":material/apps:"),
    (NEW, "New project", ":material/add_circle:"),
)
