"""Training on several devices, and in several processes: `keras.distribution` on JAX.

Every process reads every batch whole, and a layer before the network gives each device its part.
So the batch, its order and all random numbers are those of one device, and the last batch of an
epoch may have any size; batch normalisation and the loss are over the whole batch.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from pneumoscope.errors import PeerError, PneumoscopeError, SettingsError
from pneumoscope.run import Observer
from pneumoscope.team import Placement, Team, meet
from pneumoscope.training.backend import keras
from pneumoscope.training.device import choose_device
from pneumoscope.training.network import Network, Tensor

_SECONDS_TO_JOIN = 60  # all processes have met already


@contextmanager
def together(placement: Placement, observer: Observer) -> Iterator[Team]:
    """Meets the other processes, and stays with them while the block runs.

    If one of them is lost, this process ends at once: it may hang in a sum over all of them, from
    which no exception returns. The run folder is then as after a `kill`.

    Args:
        placement: placement of this process.
        observer: receives who is waited for, and who is lost.

    Raises:
        SettingsError: if Keras does not run on JAX, or the port of this process is taken.
        PeerError: if a process was not there in time.
    """
    _require_jax(placement)

    def end(error: PeerError) -> None:
        observer.lost(error)
        os._exit(error.exit_code)

    team = meet(placement, observer.note, end)
    try:
        with nullcontext() if placement.is_alone else _joined(placement):
            yield team
    except BaseException as error:
        if not isinstance(error, (PneumoscopeError, KeyboardInterrupt)):
            team.wait_for_loss()
        team.close(str(error) or "it was interrupted")
        raise
    team.close()


def _require_jax(placement: Placement) -> None:
    backend = keras.backend.backend()
    if not placement.is_plain and backend != "jax":
        raise SettingsError(
            "Several devices or hosts need Keras on JAX",
            expected="KERAS_BACKEND=jax in the environment",
            received=backend,
            remedy="Set it, and install the extra `jax`",
            code="backend-unsuited",
            values={"expected": "jax", "received": backend},
        )


def choose_devices(placement: Placement, batch_size: int) -> list[str]:
    """Chooses the first devices of each process, as many as are wanted.

    Args:
        placement: placement of this process, which is `together` with the others.
        batch_size: number of images in a batch, which the devices share.

    Returns:
        The names of the devices in Keras.

    Raises:
        SettingsError: if there are fewer devices than wanted, or not the one that is, or they
            cannot share a batch.
    """
    if placement.is_plain:
        return [choose_device(placement.device)]
    import jax

    chosen: list[str] = []
    for rank in range(jax.process_count()):
        names = [f"{d.platform}:{d.id}" for d in jax.devices() if d.process_index == rank]
        wanted = len(names) if placement.devices is None else placement.devices
        if wanted > len(names):
            where = "" if placement.is_alone else f" in rank {rank}"
            raise SettingsError(
                f"There are fewer devices than wanted{where}",
                expected=f"`devices` of at most {len(names)}: {', '.join(names)}",
                received=f"{wanted}",
                code="too-few-devices",
                values={"expected": tuple(names), "received": wanted},
            )
        chosen += names[:wanted]
    if batch_size % len(chosen):
        raise SettingsError(
            f"A batch cannot be divided among {len(chosen)} devices",
            expected=f"`batch_size` as a multiple of {len(chosen)}",
            received=f"{batch_size}",
            code="batch-indivisible",
            values={"batch_size": batch_size, "devices": len(chosen)},
        )
    return chosen


def on_devices(devices: Sequence[str]) -> AbstractContextManager[None]:
    """Distributes what Keras makes in the block over devices; nothing where there is one."""
    if len(devices) < 2:
        return nullcontext()
    distribution = _WholeBatches(devices=[*devices], auto_shard_dataset=False)
    scope: AbstractContextManager[None] = distribution.scope()
    return scope


def spread(network: Network) -> Network:
    """Puts a layer before a network that gives each device its part of a batch.

    Args:
        network: a model from uint8 (n, h, w, 1), made in `on_devices`.

    Returns:
        A model with the same input and output.
    """
    inputs = keras.Input(network.input_shape[1:], dtype="uint8", name="image")
    outputs = network(_Spread()(inputs))
    distributed: Network = keras.Model(inputs, outputs, name=f"distributed_{network.name}")
    return distributed


class _WholeBatches(keras.distribution.DataParallel):  # type: ignore[misc]
    """Data parallelism in which each process hands over whole batches, of any size."""

    def get_data_layout(self, data_shape: tuple[int, ...]) -> keras.distribution.TensorLayout:
        """Makes the layout of a batch as it is handed over: all of it, everywhere."""
        return keras.distribution.TensorLayout([None] * len(data_shape), self.device_mesh)


class _Spread(keras.layers.Layer):  # type: ignore[misc]
    """A layer that divides a batch among the devices; what follows it is computed where it is."""

    def call(self, images: Tensor) -> Tensor:
        """Divides images (n, h, w, 1) along their first axis, and changes none."""
        distribution = keras.distribution.distribution()
        if distribution is None:
            return images
        axes = [distribution.batch_dim_name, *[None] * (len(images.shape) - 1)]
        layout = keras.distribution.TensorLayout(axes, distribution.device_mesh)
        return keras.distribution.distribute_tensor(images, layout)


@contextmanager
def _joined(placement: Placement) -> Iterator[None]:
    """Joins the processes in JAX, which then sees the devices of all."""
    import jax

    # `Team` tells of a lost process, and rank 0 may go on to write what there is.
    jax.config.update("jax_enable_recoverability", True)
    jax.config.update("jax_enable_preemption_service", False)
    jax.distributed.initialize(
        placement.hosts[0],
        len(placement.hosts),
        placement.rank,
        cluster_detection_method="deactivate",
        initialization_timeout=_SECONDS_TO_JOIN,
    )
    yield
    jax.distributed.shutdown()
