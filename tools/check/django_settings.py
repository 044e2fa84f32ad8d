"""The cloud's Django settings for the type checker, with a home folder that goes with the process."""

import atexit
import os
import shutil
import tempfile

_home = tempfile.mkdtemp(prefix="yunhai-types-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ["YUNHAI_HOME"] = _home

from yunhai.apps.cloud.settings import *  # noqa: E402, F403
