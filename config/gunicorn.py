"""How gunicorn serves the pages: two processes of four threads, and no log of who asked for what."""

import signal

from django.utils.module_loading import import_string

from config import env, logs, memory

wsgi_app = "config.wsgi:application"
bind = env.text("AMPARO_BIND", "127.0.0.1:8000")
workers = env.whole_number("AMPARO_WEB_PROCESSES", 2, least=1)
worker_class = "gthread"
threads = 4
timeout = 60
graceful_timeout = 20
keepalive = 5
# A socket in the home directory through which the server could be told what to do.
control_socket_disable = True
accesslog = None
loglevel = "warning"
logconfig_dict = logs.CONFIG


def on_starting(server: object) -> None:
    """Before there is any worker: they inherit it."""
    memory.close_memory()


def post_worker_init(worker: object) -> None:
    """Once the pages are loaded and before the first request."""
    memory.close_memory()  # again, because changing the user opens it
    memory.forget_on(signal.SIGTERM, import_string("caseapp.vault.keyring.drop_all"))
