"""What HTTP needs beside the routes: bodies in, answers out, pages, keys."""
