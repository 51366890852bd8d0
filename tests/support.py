"""Constants that all tests share: the application, the emulator's credentials, the names of APIs."""

from __future__ import annotations

from handler.target import SdkAppId

APP = SdkAppId(1400692008)
"""The application that the emulator's tasks belong to."""

SECRET_ID, SECRET_KEY = "AKIDEXAMPLE", "SECRETEXAMPLE"
"""The credentials that an emulator accepts by default."""
ENVIRONMENT = {"TENCENTCLOUD_SECRET_ID": SECRET_ID, "TENCENTCLOUD_SECRET_KEY": SECRET_KEY}
"""The same credentials by the names of the environment variables."""

PAUSE, RESUME = "PauseAutoCalloutTask", "ResumeAutoCalloutTask"
DESCRIBE, LIST = "DescribeAutoCalloutTask", "DescribeAutoCalloutTasks"
PAUSE_CAMPAIGN, RESUME_CAMPAIGN = "PausePredictiveDialingCampaign", "ResumePredictiveDialingCampaign"
LIST_CAMPAIGNS = "DescribePredictiveDialingCampaigns"
