"""The timeline of an audit log as a page and a picture."""
