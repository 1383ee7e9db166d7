"""What pages show, computed from what the API answered. Pure: no Streamlit, no HTTP, no clock."""
