"""Where events go: text, JSON lines, a command, a webhook, MQTT. One sink a file.

A message (:mod:`~edgecry.sinks.message`) goes to the :class:`~edgecry.sinks.dispatcher.Dispatcher`,
which hands it to every sink; what must not be lost waits in the :class:`~edgecry.sinks.outbox.Outbox`.

Examples
--------
>>> outbox = Outbox(OutboxSettings("/var/lib/edgecry/outbox.db"))  # doctest: +SKIP
>>> ids = MessageIds("nursery", outbox.reserve())  # doctest: +SKIP
>>> sinks = [TextSink(sys.stdout), MqttSink(MqttSettings("broker.local"))]  # doctest: +SKIP
>>> with Dispatcher(sinks, outbox) as dispatcher:  # doctest: +SKIP
...     dispatcher.send(EventMessage(id=ids.next("start"), ...))
"""
