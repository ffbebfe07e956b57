#!/bin/sh
# The Lambda Web Adapter starts this file instead of a handler; node replaces the shell, so that
# signals reach the server.
exec node --enable-source-maps index.mjs
