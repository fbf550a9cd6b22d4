"""How gunicorn serves the pages: two processes of four threads, and no log of who asked for what."""

from config import env, logs

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
