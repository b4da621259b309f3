FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=devel
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X messenger-bridge/app.version=$VERSION" -o /messenger-bridge ./cmd/messenger-bridge \
 && mkdir -p /data

# Nothing but the program, certificates and time zones; not root.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /messenger-bridge /messenger-bridge
COPY --from=build --chown=65532:65532 /data /data
ENV DATABASE=/data/bolt.db
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s CMD ["/messenger-bridge", "status", "--check"]
ENTRYPOINT ["/messenger-bridge"]
CMD ["serve"]
