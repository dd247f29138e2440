"""The launcher: an ASGI application. `rsf app` serves it with uvicorn; `streamlit run app.py` works as well."""

import os

from rsf_core.web.application import create_app

os.umask(0o077)  # what the app writes is for this user alone
app = create_app()
