# One image for every program of ours; docker-compose.yml says which one a container runs.
FROM python:3.11-slim AS environment
RUN pip install --no-cache-dir "uv>=0.9,<1"
WORKDIR /srv/throughline
COPY pyproject.toml uv.lock ./
ENV UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1
RUN uv sync --frozen --no-dev

FROM python:3.11-slim
RUN useradd --system --no-create-home --shell /usr/sbin/nologin throughline \
    && install --directory --owner=throughline /var/lib/throughline
WORKDIR /srv/throughline
COPY --from=environment /srv/throughline/.venv .venv
COPY . .
ENV PATH="/srv/throughline/.venv/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    HOME=/var/lib/throughline \
    THROUGHLINE_STATE_DIR=/var/lib/throughline \
    THROUGHLINE_API_HOST=0.0.0.0
USER throughline
CMD ["python", "-m", "api"]
