# The gateway's image: the IDE's page is built with Node, the rest is Python; neither compiler nor npm is in the end.

FROM node:22-slim AS ide
WORKDIR /ide
COPY gateway/ide/package.json gateway/ide/package-lock.json gateway/ide/.npmrc ./
RUN npm ci
COPY gateway/ide/ ./
RUN npm run build

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/gateway
WORKDIR /source
COPY requirements/run.lock requirements/
RUN /opt/gateway/bin/pip install --require-hashes --only-binary :all: -r requirements/run.lock
COPY pyproject.toml README.md ./
COPY resolvers/ resolvers/
COPY schema/ schema/
COPY gateway/ gateway/
COPY --from=ide /ide/dist/ gateway/ide/dist/
RUN /opt/gateway/bin/pip install --no-deps .

FROM python:3.13-slim
LABEL org.opencontainers.image.title="partner-gateway" org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/gateway/bin:$PATH PYTHONUNBUFFERED=1
RUN useradd --system --uid 10001 --home-dir /var/lib/gateway --create-home gateway
COPY --from=build /opt/gateway /opt/gateway
USER gateway
WORKDIR /var/lib/gateway
VOLUME /var/lib/gateway
EXPOSE 8000
ENTRYPOINT ["gateway"]
CMD ["serve", "--config", "/etc/gateway/gateway.toml"]
