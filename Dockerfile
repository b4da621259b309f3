# The base is pinned by Go's version; GO_IMAGE=golang:1.26.8-bookworm@sha256:… pins its bytes as well.
ARG GO_IMAGE=golang:1.26.8-bookworm
FROM $GO_IMAGE AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=devel
ARG REVISION=
ARG DATE=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X messenger-bridge/app.version=$VERSION -X messenger-bridge/app.revision=$REVISION -X messenger-bridge/app.date=$DATE" -o /messenger-bridge ./cmd/messenger-bridge \
 && mkdir -p /image/data /image/tmp /image/etc/ssl/certs \
 && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
 && echo 'bridge:x:65532:65532::/data:/nonexistent' > /image/etc/passwd \
 && chown 65532:65532 /image/data && chmod 1777 /image/tmp

# Nothing but the program and certificates (time zones are in the program); not root.
FROM scratch
ARG VERSION=devel
ARG REVISION=
ARG DATE=
LABEL org.opencontainers.image.title="messenger-bridge" \
      org.opencontainers.image.description="Joins Facebook Messenger pages to Rocket.Chat Omnichannel" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$DATE"
COPY --from=build /image/ /
COPY --from=build --chown=65532:65532 /image/data /data
COPY --from=build /messenger-bridge /messenger-bridge
USER 65532:65532
ENV DATABASE=/data/bolt.db
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s CMD ["/messenger-bridge", "status", "--check"]
ENTRYPOINT ["/messenger-bridge"]
CMD ["serve"]
