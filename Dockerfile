# Small and without root: the built service and what it needs to run, nothing to build with, no embedded Postgres.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
# The commit, for /healthz: docker build --build-arg SOURCE_VERSION=$(git rev-parse HEAD)
ARG SOURCE_VERSION
RUN npm run build && npm prune --omit=dev --omit=optional

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json addon-manifest.json ./
COPY src/cli/culvert.js ./src/cli/culvert.js
COPY migrations ./migrations
# The one place that is written to: deliveries that wait there for the database. Mount something that outlives the
# container, or set SPOOL=off.
RUN mkdir data && chown node:node data
VOLUME /app/data
USER node
EXPOSE 5000
# Alive, not ready: a process without its database still takes deliveries, and a new one would not find it either.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 5000}/healthz`).then(({ ok }) => { process.exitCode = ok ? 0 : 1 }, () => { process.exitCode = 1 })"]
# Migrate first, once for each release: docker run … node dist/database/migrate-command.js
# The flag as in the Procfile: Node 24 would let new objects take 128 MB, and collect them no quicker.
CMD ["node", "--max-semi-space-size=16", "dist/main.js"]
