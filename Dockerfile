# docker build -t signalbox . && docker run -p 9000:9000 signalbox
# Flags stand behind the name of the image, as behind main.ts: adapters/deploy/README.md.
ARG BASE=docker.io/denoland/deno:2.9.6
FROM ${BASE}

# Owned by root: the server cannot change its packages. Not below the folder of the base, which belongs to its user.
ENV DENO_DIR=/app/.deno DENO_NO_UPDATE_CHECK=1 NO_COLOR=1
WORKDIR /app
COPY . .
# Downloads what the lock names, checks its hashes, and compiles it. With no permission: it only prints. Some packages
# have files that everybody may write to. /data is for --record, the only folder that the server may write to.
RUN deno run --no-prompt --frozen main.ts --version \
  && chmod -R go-w .deno \
  && install -d -o deno -g deno /data

USER deno
EXPOSE 9000

# The options of the server are those of process 1, and what Deno allows only with -A is to read them.
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s \
  CMD ["deno", "run", "-A", "--cached-only", "/app/main.ts", "health", "--pid", "1"]
ENTRYPOINT ["deno", "run", "--no-prompt", "--cached-only", "--frozen", "--allow-net", "--allow-env", \
  "--allow-read", "--allow-write=/data", "/app/main.ts"]
