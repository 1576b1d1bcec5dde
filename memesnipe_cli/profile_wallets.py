"""The [wallets] table of a profile: what the signer may sign with a wallet's key. Empty lists, the default, let nothing
pass."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from memesnipe_cli.profile_fields import Count, Settings
from memesnipe_cli.signer.solana_rules import NEVER, is_address

Chain = Annotated[int, Field(strict=True, ge=1, le=2**53)]
Fee = Annotated[int, Field(strict=True, ge=0, le=10**9)]
Contract = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,15}:0x[0-9a-fA-F]{40}$")]
_LONGEST = 100


class Wallets(Settings):
    """What may be signed, and how much.

    `solana_programs`: addresses of programs; every instruction of a transaction must be for one of them. `evm_chains`:
    chain ids; `evm_contracts`: `CHAIN:0xADDRESS`, each on one of those chains. `solana_fee_lamports`, `evm_fee_gwei`:
    the most that the fees of one transaction may come to; `evm_gas`: the most gas. The two rates count signatures.
    """

    solana_programs: Annotated[list[str], Field(max_length=_LONGEST)] = Field(default_factory=list)
    evm_chains: Annotated[list[Chain], Field(max_length=_LONGEST)] = Field(default_factory=list)
    evm_contracts: Annotated[list[Contract], Field(max_length=_LONGEST)] = Field(default_factory=list)
    solana_fee_lamports: Fee = 1_000_000
    evm_fee_gwei: Fee = 2_000_000
    evm_gas: Annotated[int, Field(strict=True, ge=0, le=30_000_000)] = 500_000
    transactions_per_minute: Count = 6
    transactions_per_day: Count = 100

    @field_validator("solana_programs")
    @classmethod
    def _programs(cls, programs: list[str]) -> list[str]:
        for program in programs:
            # What is no address could be a key in the wrong place: it is not repeated.
            if not is_address(program):
                raise ValueError("holds what is no address of a program: base 58 of 32 bytes")
            if program in NEVER:
                raise ValueError(f"{program} is the {NEVER[program]}, for which nothing is ever signed")
        return programs

    @model_validator(mode="after")
    def _on_listed_chains(self) -> Self:
        strange = [
            each for each in self.evm_contracts if self.chain_and_address(each)[0] not in self.evm_chains
        ]
        if strange:
            raise ValueError(f"evm_contracts has {strange[0]}, whose chain is not in evm_chains")
        return self

    @staticmethod
    def chain_and_address(contract: str) -> tuple[int, str]:
        """The two parts of an entry of `evm_contracts`, the address in small letters."""
        chain, _, address = contract.partition(":")
        return int(chain), address.lower()
