# Every download is checked against its hash. Only what the extra needs leaves this stage.
FROM python:3.12-slim AS build
WORKDIR /source
COPY constraints-train.txt ./
RUN pip download --require-hashes --only-binary :all: --requirement constraints-train.txt --dest /wheels
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN pip wheel --no-index --find-links /wheels --no-deps --wheel-dir /wheels .
ARG EXTRA=evaluate
# hadolint ignore=DL3013,DL3042
RUN python -m venv --without-pip /opt/pneumoscope \
    && pip --python /opt/pneumoscope install --no-index --find-links /wheels "pneumoscope[$EXTRA]"

FROM python:3.12-slim
COPY --from=build /opt/pneumoscope /opt/pneumoscope
ENV PATH=/opt/pneumoscope/bin:$PATH
USER 10001:10001
WORKDIR /data
ENTRYPOINT ["pneumoscope"]
CMD ["--help"]
