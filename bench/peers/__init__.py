"""The programs beside ours: each the plain way to do the same with one client."""
