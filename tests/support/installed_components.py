"""What Streamlit finds of components in installed packages, found once: each page under test asks anew and each app at its
start, and reads the metadata of all packages for it, most of what a page costs here. None comes or goes while tests run."""

from __future__ import annotations

from functools import cache

from streamlit.components.v2 import manifest_scanner


def found_once() -> None:
    manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)
