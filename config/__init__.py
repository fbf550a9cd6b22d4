"""How the house is set up: settings from the environment, the background queue, the embedded servers."""
