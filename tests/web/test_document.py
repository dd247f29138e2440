"""The HTML document of the app's pages has their styles, so that no element is drawn before them."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.testclient import TestClient

from rsf_core.web import document
from rsf_core.web.navigation import PAGES, WORKSPACE_PAGES

INDEX = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
ADDRESSES = ["/", *(f"/{name}" for name, *_ in (*PAGES, *WORKSPACE_PAGES))]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_has_the_styles_after_all_that_streamlit_has_in_its_document(address: str) -> None:
    client = TestClient(Starlette(routes=document.routes()), base_url="http://127.0.0.1:8501")
    answer = client.get(address, params={"project": "a"})
    before, styles = answer.text.split("<style>", 1)
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-cache"
    assert before == INDEX[: len(before)] and '<div id="root"></div>' in before
    assert styles.startswith(f"{document.styles()}</style></body>")
    assert ".rsf-lead" in styles and "--rsf-accepted" in styles
    assert client.post(address, headers={"origin": "http://127.0.0.1:8501"}).status_code == 405


def test_the_styles_cannot_end_their_element() -> None:
    assert "<" not in document.styles()
