# Small and without root: the built service and what it needs to run, nothing to build with, no embedded Postgres.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev --omit=optional

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json addon-manifest.json ./
COPY migrations ./migrations
USER node
EXPOSE 5000
# Migrate first, once for each release: docker run … node dist/database/migrate-command.js
CMD ["node", "dist/main.js"]
