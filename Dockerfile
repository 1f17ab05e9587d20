FROM python:3.12-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /srv/convene

COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt

COPY calendars calendars
COPY scheduler scheduler
RUN python -m compileall -q calendars scheduler \
    && useradd --system --home-dir /srv/convene --shell /usr/sbin/nologin convene \
    && install -d -o convene -g convene -m 0700 /var/lib/convene

USER convene
ENV DATA_DIR=/var/lib/convene
VOLUME /var/lib/convene
EXPOSE 8000

# One role a container: web, worker or clock (see compose.yaml). Behind a proxy, which brings TLS.
ENTRYPOINT ["python", "-m", "scheduler"]
CMD ["web", "--host", "0.0.0.0", "--port", "8000"]
