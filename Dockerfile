# The production image: the bundle, its templates and migrations, and the packages that are not bundled.
#
#   docker build --tag rekey .
#   docker run --read-only --cap-drop ALL --env-file .env rekey rekey migrate
#   docker run --read-only --cap-drop ALL --env-file .env --publish 3000:3000 rekey

FROM node:26-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
# Without the plugin and the types, which are for applications. The modes are those of the checkout,
# which a strict umask may have closed to the image's user.
RUN npm run build \
  && rm -r dist/plugin && find dist -name '*.d.ts' -delete \
  && chmod -R a+rX,go-w dist drizzle emails node_modules/@node-rs LICENSE package.json

FROM node:26-bookworm-slim
# The service runs Node alone: what installs packages would only add to what must be patched.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx \
  /usr/local/bin/yarn* /opt/yarn*
ENV NODE_ENV=production
WORKDIR /app
# They find their native binaries beside themselves, here those of the image's own platform.
COPY --from=build /app/node_modules/@node-rs node_modules/@node-rs
COPY --from=build /app/LICENSE /app/package.json ./
COPY --from=build /app/drizzle drizzle
COPY --from=build /app/emails emails
COPY --from=build /app/dist dist
RUN ln -s /app/dist/main.js /usr/local/bin/rekey
# As a number, so that an orchestrator can see that it is not root: the image's user `node`.
USER 1000:1000
EXPOSE 3000
# By the loopback address, which the default HOST listens on too.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["node", "-e", "\
  const at = { host: '127.0.0.1', port: process.env.PORT || 3000, path: '/livez', agent: false }; \
  require('http').get(at, (reply) => process.exit(reply.statusCode === 200 ? 0 : 1)) \
    .on('error', () => process.exit(1)); \
"]
CMD ["node", "dist/main.js"]
LABEL org.opencontainers.image.title="Rekey" \
  org.opencontainers.image.description="A stand-alone, stateless password-reset service" \
  org.opencontainers.image.licenses="MIT"
