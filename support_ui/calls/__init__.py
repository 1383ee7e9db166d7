"""The API's routes as typed calls, a module per noun, and the connection under them."""
