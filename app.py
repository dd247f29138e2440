"""The launcher: an ASGI application. `rsf app` serves it with uvicorn; `streamlit run app.py` works as well."""

import os

import streamlit as st

from rsf_core.web.application import parts

os.umask(0o077)  # what the app writes is for this user alone
app = st.App(**parts())
