"""Parts of the broker, each with the methods of one subject."""
