"""The headers that the review card sends with every request."""

from __future__ import annotations

HOST = "127.0.0.1:8501"
HEADERS = {"host": HOST, "origin": f"http://{HOST}", "content-type": "application/json"}
