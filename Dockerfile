# edgecry listen in a container, for amd64 and arm64:  docker build -t edgecry .
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY edgecry edgecry
RUN python -m venv /opt/edgecry && /opt/edgecry/bin/pip install --no-cache-dir '.[mqtt,notify,web]'

FROM python:3.13-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends alsa-utils \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /var/lib/edgecry --groups audio edgecry
COPY --from=build /opt/edgecry /opt/edgecry
ENV PATH=/opt/edgecry/bin:$PATH STATE_DIRECTORY=/var/lib/edgecry PYTHONUNBUFFERED=1
USER edgecry
WORKDIR /var/lib/edgecry
VOLUME /var/lib/edgecry
EXPOSE 8377
# Healthy is hearing, not only running: deaf is not quiet.
HEALTHCHECK --interval=60s --timeout=10s --start-period=60s \
    CMD ["python", "-c", "import json, urllib.request as u; key = open('/var/lib/edgecry/web.key').read().strip(); r = u.Request('http://127.0.0.1:8377/api/state', headers={'Authorization': 'Bearer ' + key}); raise SystemExit(not json.load(u.urlopen(r, timeout=5))['hearing'])"]
ENTRYPOINT ["edgecry"]
CMD ["listen", "--from-command", "arecord -q -t raw -f S16_LE -c 1 -r 16000", "--record", "clips", "--web", ":8377"]
