"""The web layer: what is shown and how it is served. Pages draw and call Project; torch is never imported here."""
