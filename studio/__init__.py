"""The screen and the command line of Winnow: a Streamlit app, its server, and the `winnow` command."""
