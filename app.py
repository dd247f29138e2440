"""The launcher: an ASGI application. `rsf app` serves it with uvicorn; `streamlit run app.py` works as well."""

from rsf_core.web.application import create_app

app = create_app()
