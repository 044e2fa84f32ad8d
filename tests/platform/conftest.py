"""Django is set up before these tests are imported: their modules name models."""

import django

django.setup()
