#!/bin/sh
# The Lambda Web Adapter starts this file in place of a handler. Node replaces the shell, so that
# signals reach the server.
exec node index.mjs
