"""Where events go: text, JSON lines, a command, a webhook, MQTT. One sink a file.

A message (:mod:`~edgecry.sinks.message`) goes to the :class:`~edgecry.sinks.dispatcher.Dispatcher`,
which hands it to every sink; what must not be lost waits in the :class:`~edgecry.outbox.Outbox`.
"""
