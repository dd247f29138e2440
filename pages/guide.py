"""Guide: the criteria by which reviewers decide."""

from rsf_core.web import guide_parts, question_parts, session, ui

project = session.project()
reviewer = ui.reviewer()

ui.heading("Guide", "What makes a good completion, in words, and which other questions reviewers answer.")

guide, versions = project.guide_book.current(), project.guide_book.versions()
if guide is None:
    ui.empty("The guide will be shown here, and beside every candidate in Review, once it is written.")
else:
    guide_parts.show(guide)
    guide_parts.reading(project, guide, reviewer)
if not ui.locked("guide_book.save"):
    guide_parts.editor(project, guide, reviewer)
guide_parts.history(versions)
question_parts.section(project, reviewer)
