"""The product's addresses, and the Clients page once more over plain columns."""

from django.urls import path

from benchmarks import plain
from config.urls import urlpatterns as theirs

urlpatterns = [path("clients-plain/", plain.clients, name="clients-plain"), *theirs]
