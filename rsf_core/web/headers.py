"""The headers on every response: nobody can frame the app, and it loads and runs nothing that is not its own.

What Streamlit 1.67 needs beyond 'self' was found in a browser: styles that its library sets on elements, components and
workers that it loads from blobs, WebAssembly for the graph on Models, and one script inside its index.html."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

_IMPORTED = re.compile(r"""from ?["']\./([\w.-]+\.js)["']""")
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def guarded(send: Send) -> Send:
    """A `send` that adds the headers to a response as it starts."""

    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            strict = "content-security-policy" in headers  # a page may have a stricter one: it is none of Streamlit's
            if not strict and headers.get("content-type", "").startswith("text/html") and preload_links():
                headers["link"] = preload_links()
            for name, value in every().items():
                if name != "content-security-policy" or not strict:
                    headers[name] = value
        await send(message)

    return wrapped


@cache
def preload_links() -> str:
    """The part of Streamlit that brings the app's styles into a page (st.html), loaded with the page itself: later than the
    first elements, the styles would move them. Empty if Streamlit has no such part."""
    import streamlit

    folder = Path(streamlit.__file__).parent / "static" / "static" / "js"
    names = [file.name for file in folder.glob("Html.*.js")]
    names += [name for file in names for name in _IMPORTED.findall((folder / file).read_text(encoding="utf-8"))]
    return ", ".join(f"</static/js/{name}>; rel=modulepreload" for name in names)


@cache
def every() -> dict[str, str]:
    return {
        "content-security-policy": policy(),
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "x-dns-prefetch-control": "off",  # else browsers look up the hosts of links that nobody has followed
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }


def policy() -> str:
    scripts = " ".join(f"'sha256-{digest}'" for digest in _inline_scripts())
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' blob: 'wasm-unsafe-eval' {scripts}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "worker-src 'self' blob:",
            "connect-src 'self'",
            "object-src 'none'",
            "frame-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _inline_scripts() -> list[str]:
    """The digests of the scripts inside Streamlit's index.html."""
    import streamlit

    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    return [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in _INLINE.findall(page)]
