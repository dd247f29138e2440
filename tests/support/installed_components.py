"""Caches Streamlit's search for components in installed packages. Each page under test, and each app at its start, searches
again and reads the metadata of all packages, which is most of a page's cost here. The packages do not change while tests
run."""

from __future__ import annotations

from functools import cache

from streamlit.components.v2 import manifest_scanner


def found_once() -> None:
    manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)
