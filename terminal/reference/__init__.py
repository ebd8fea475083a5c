"""What clients are told about the API, written from its types: pages in docs/ and the messages of the Python client."""
